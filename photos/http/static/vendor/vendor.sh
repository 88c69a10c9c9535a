#!/usr/bin/env bash
# Makes the files of this folder again from pinned packages: ./vendor.sh && git diff --exit-code. Needs npm and Python.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true}' > package.json
npm install --silent --no-audit --no-fund --save-exact \
    preact@11.2.0 @preact/signals@2.11.4 @preact/signals-core@1.14.5 htm@3.1.1 world-atlas@2.0.2 esbuild@0.28.2

cat > entry.js <<'JS'
export { h, render, Fragment, createRef } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { signal, computed, effect, batch, untracked } from "@preact/signals";
import { h } from "preact";
import htm from "htm";
export const html = htm.bind(h);
JS
./node_modules/.bin/esbuild entry.js --bundle --format=esm --minify --target=es2022 --legal-comments=none --log-level=warning \
    --outfile="$here/preact.js"
# That of @preact/signals-core is the same file as that of @preact/signals.
cmp node_modules/@preact/signals{,-core}/LICENSE
for name in preact @preact/signals htm world-atlas; do
    cp "node_modules/$name/LICENSE" "$here/LICENSE.${name//[@\/]/_}"
done

# The land's outlines: lines of [longitude, latitude] in hundredths of a degree, the first point absolute, the rest differences.
python3 - node_modules/world-atlas/land-110m.json "$here/land.json" <<'PY'
import json, sys
atlas = json.load(open(sys.argv[1]))
scale, shift = atlas["transform"]["scale"], atlas["transform"]["translate"]
arcs = []
for arc in atlas["arcs"]:
    x = y = 0
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        points.append((round((x * scale[0] + shift[0]) * 100), round((y * scale[1] + shift[1]) * 100)))
    arcs.append(points)
rings = []
for shape in atlas["objects"]["land"]["geometries"]:
    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    for polygon in polygons:
        for ring in polygon:
            points = []
            for number in ring:
                arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                points += arc if not points else arc[1:]
            flat, last = [], (0, 0)
            for point in points:
                flat += [point[0] - last[0], point[1] - last[1]]
                last = point
            rings.append(flat)
with open(sys.argv[2], "w") as file:
    json.dump(rings, file, separators=(",", ":"))
    file.write("\n")
PY
cd "$here"
sha256sum LICENSE.* land.json preact.js > SHA256SUMS
