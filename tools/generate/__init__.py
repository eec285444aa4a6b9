"""Generated files: contracts and pages made from the code, kept in git, checked in CI.

``python -m tools.generate`` rewrites them, ``--check`` only compares.
"""
