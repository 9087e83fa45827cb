"""The tour: the program shown on real images, by the same clicks a person makes."""
