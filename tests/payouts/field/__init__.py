"""The thirty cases from the field (issue 4.9), exact to the cent."""
