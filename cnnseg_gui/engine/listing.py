"""All networks there are, as the window is told. Imports torch."""

from __future__ import annotations

from cnnseg_gui.engine.messages import NetworkFacts, Networks
from cnnseg_models import registry
from cnnseg_models.classifiers import CLASSIFIERS, build_empty_classifier


def list_networks() -> Networks:
    """Builds each one without memory, to count its parameters."""
    segmentation = [
        NetworkFacts(
            name=name,
            classifier=False,
            text=entry.text,
            parameters=registry.describe(name).parameters,
            weights=entry.weights,
            known=entry.label_names,
            coarser=entry.coarser,
            choices=dict(entry.choices),
        )
        for name, entry in registry.NETWORKS.items()
    ]
    classifiers = [
        NetworkFacts(
            name=name,
            classifier=True,
            text=kind.text,
            parameters=sum(p.numel() for p in build_empty_classifier(name).parameters()),
            weights=kind.weights,
            choices={},
        )
        for name, kind in CLASSIFIERS.items()
    ]
    return Networks(networks=(*segmentation, *classifiers))
