"""The networks of the program: torch and torchvision only, one file per architecture."""
