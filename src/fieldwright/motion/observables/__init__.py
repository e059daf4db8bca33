"""What is measured of charges: energies, temperatures, image currents."""
