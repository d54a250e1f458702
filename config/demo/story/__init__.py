"""The seeded story: four weeks of real purchases through the sandbox while its clock advances to today."""
