#!/usr/bin/env bash
# Renders what slim_city14 and edgesegnet_city14 were trained on: city streets and suburbs.
#
#     bash benchmarks/city.sh OUT [FOLDERS]
#
# makes OUT/city.h5 (14 classes) and OUT/city_camvid11.h5, the streets alone in CamVid's
# classes. 10 folders by default: 3,320 frames, 6 GB, about 20 minutes on two cores.
# A second call keeps what is rendered.
set -euo pipefail
out=${1:?folder to write, as in: bash benchmarks/city.sh OUT [FOLDERS]}
last=$((${2:-10} - 1))
[ "$last" -ge 1 ] || { echo "FOLDERS is $2, expected 2 or more" >&2; exit 2; }
command -v segnet > /dev/null || { echo "no segnet on the PATH; activate its environment" >&2; exit 2; }
here=$(dirname "$0")
mkdir -p "$out"

drive() { # FOLDER WORLD VARIATION VARIATION SEED; about the camera of CamVid, twice its size
    segnet render "$out/Data$1" --world "$2" --variation "$3" --variation "$4" \
        --seed "$5" --frames 200 --every 10 --size 720 960 --focal 1000
}

for k in $(seq 0 $last); do
    seed=$((1000 + 10 * k))
    for world in city1 city2; do
        drive "$k" $world clone overcast $seed
        drive "$k" $world morning rain $((seed + 1))
        drive "$k" $world sunset fog $((seed + 2))
    done
    for world in 0001 0018; do drive "$k" $world clone overcast $((seed + 3)); done
    held=(--val-world 0018)
    if [ "$k" = 0 ]; then # the first folder also has the worlds that judge
        for world in city3 0002; do drive 0 $world clone overcast $((seed + 4)); done
        drive 0 city3 sunset rain $((seed + 5))
        held=(--val-world city3 --val-world 0002)
    fi
    segnet prepare vkitti1 "$out/Data$k" "$out/Store$k" --scale 2 --split world "${held[@]}"
    segnet prepare city "$out/Data$k" "$out/Camvid$k" --scale 2 --split world \
        --world city1 --world city2 --val-world city2 --classes city-to-camvid11
done
for kind in Store:city Camvid:city_camvid11; do
    stores=()
    for k in $(seq 0 $last); do stores+=("$out/${kind%%:*}$k/store.h5"); done
    python "$here/joined_store.py" "${stores[@]}" --out "$out/${kind##*:}.h5"
done
