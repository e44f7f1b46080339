#!/usr/bin/env bash
# Renders what slim_scenes14 and edgesegnet_scenes14 were trained on: 96 towns of four
# worlds, and six of a fifth for val, a town for each kind of weather and light.
#
#     bash experiments/scenes.sh OUT
#
# makes OUT/scenes.h5, 2,880 train and 180 val frames of 125x414, in 20 minutes of a core.
set -euo pipefail
out=${1:?folder to write, as in: bash experiments/scenes.sh OUT}
command -v segnet > /dev/null || { echo "no segnet on the PATH; activate its environment" >&2; exit 2; }
here=$(dirname "$0")
mkdir -p "$out"

for k in 0 1 2 3; do
    worlds=(0001 0006 0018 0020)
    held=0020 # no matter: joined_store.py puts val of all but the first into train
    [ "$k" -gt 0 ] || { worlds+=(0002); held=0002; }
    for world in "${worlds[@]}"; do
        seed=$((10 * k))
        for variation in clone fog morning overcast rain sunset; do
            segnet render "$out/Data$k" --world "$world" --variation "$variation" \
                --frames 30 --seed $seed
            seed=$((seed + 1))
        done
    done
    segnet prepare vkitti1 "$out/Data$k" "$out/Store$k" --scale 3 --split world \
        --val-world "$held"
done
python "$here/joined_store.py" "$out"/Store{0,1,2,3}/store.h5 --out "$out/scenes.h5"
