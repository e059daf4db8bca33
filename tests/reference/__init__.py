"""Slow reference computations that share no formula with fieldwright, and the tables they produce.

Every script works in the 64-bit mantissa of x86's long double (about 19 digits), evaluates each
entry twice by different ways or subdivisions, and stores the value with its uncertainty. Units are
SI throughout, with mu0 = 4 pi 1e-7. Run one from the project's root, for example

    python -m tests.reference.generate_anchors
"""
