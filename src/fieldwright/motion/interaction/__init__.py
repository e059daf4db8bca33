"""What acts on charges besides the fields of sources: each other, gas, laser light."""
