"""Points to polygons with shapely's STRtree: input and output are JSON files."""
import json
import sys
import time

import numpy
import shapely

with open(sys.argv[1]) as file:
    given = json.load(file)
polygons = shapely.polygons([shapely.linearrings(ring) for ring in given["rings"]])
begun = time.perf_counter()
tree = shapely.STRtree(polygons)
building = time.perf_counter() - begun
places = numpy.array(given["points"])
begun = time.perf_counter()
points = shapely.points(places)
of_point, of_polygon = tree.query(points, predicate="within")
found = numpy.full(len(points), -1)
# In the order of a scan over all polygons: the lowest place in the list counts.
numpy.maximum.at(found, of_point, len(polygons) - of_polygon)
found = numpy.where(found < 0, -1, len(polygons) - found)
answering = time.perf_counter() - begun
with open(sys.argv[2], "w") as file:
    json.dump({"building": building, "answering": answering, "polygons": found.tolist()}, file)
