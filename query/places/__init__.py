"""Places by name, from the GeoNames gazetteer: cities, countries, states of the USA and continents."""

from .gazetteer import City, Region, find_place, lies_in, nearest_names, region_names

__all__ = ["City", "Region", "find_place", "lies_in", "nearest_names", "region_names"]
