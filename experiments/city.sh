#!/usr/bin/env bash
# Renders what slim_city14 and edgesegnet_city14 were trained on, city streets and suburbs,
# and the streets that are in the batches of slim_camvid11 and edgesegnet_camvid11.
#
#     bash experiments/city.sh OUT [FOLDERS]
#
# makes OUT/city.h5 (14 classes) and, in CamVid's classes, OUT/city_camvid11.h5, the streets
# alone, people void, OUT/winter_camvid11.h5, the same streets in winter, people not void,
# OUT/high_camvid11.h5, those with shops, OUT/streets_camvid11.h5, city and winter, and
# OUT/all_camvid11.h5, all three. 10 folders by default: 8,120 frames, about 14 GB; city and
# winter took about 35 minutes on two cores, other work beside them. A second call keeps
# what is rendered.
set -euo pipefail
out=${1:?folder to write, as in: bash experiments/city.sh OUT [FOLDERS]}
last=$((${2:-10} - 1))
[ "$last" -ge 1 ] || { echo "FOLDERS is $2, expected 2 or more" >&2; exit 2; }
command -v segnet > /dev/null || { echo "no segnet on the PATH; activate its environment" >&2; exit 2; }
here=$(dirname "$0")
mkdir -p "$out"

drive() { # FOLDER WORLD VARIATION VARIATION SEED; about the camera of CamVid, twice its size
    segnet render "$out/$1" --world "$2" --variation "$3" --variation "$4" \
        --seed "$5" --frames 200 --every 10 --size 720 960 --focal 1000
}

streets() { # FOLDER WORLD SEED: three towns in six kinds of light and weather
    drive "$1" "$2" clone overcast "$3"
    drive "$1" "$2" morning rain $(($3 + 1))
    drive "$1" "$2" sunset fog $(($3 + 2))
}

for k in $(seq 0 $last); do
    seed=$((1000 + 10 * k))
    for n in 1 2; do
        streets "Data$k" city$n $seed
        streets "Winter$k" winter$n $seed
        streets "High$k" high$n $seed
    done
    for world in 0001 0018; do drive "Data$k" $world clone overcast $((seed + 3)); done
    held=(--val-world 0018)
    if [ "$k" = 0 ]; then # the first folder also has the worlds of val
        for world in city3 0002; do drive Data0 $world clone overcast $((seed + 4)); done
        drive Data0 city3 sunset rain $((seed + 5))
        held=(--val-world city3 --val-world 0002)
    fi
    segnet prepare vkitti1 "$out/Data$k" "$out/Store$k" --scale 2 --split world "${held[@]}"
    segnet prepare vkitti1 "$out/Data$k" "$out/Camvid$k" --scale 2 --split world \
        --world city1 --world city2 --val-world city2 --classes city-to-camvid11
    segnet prepare city "$out/Winter$k" "$out/Winter_camvid$k" --scale 2 --split world \
        --val-world winter2 --classes city-to-camvid11
    segnet prepare city "$out/High$k" "$out/High_camvid$k" --scale 2 --split world \
        --val-world high2 --classes city-to-camvid11
done

join() { # STORE...: the frames of several stores in one, the last
    python "$here/joined_store.py" "${@:1:$#-1}" --out "${!#}"
}

folders() { for k in $(seq 0 $last); do echo "$out/$1$k/store.h5"; done; }

mapfile -t stores < <(folders Store)
join "${stores[@]}" "$out/city.h5"
mapfile -t stores < <(folders Camvid)
join "${stores[@]}" "$out/city_camvid11.h5"
mapfile -t stores < <(folders Winter_camvid)
join "${stores[@]}" "$out/winter_camvid11.h5"
mapfile -t stores < <(folders High_camvid)
join "${stores[@]}" "$out/high_camvid11.h5"
join "$out/city_camvid11.h5" "$out/winter_camvid11.h5" "$out/streets_camvid11.h5"
join "$out/city_camvid11.h5" "$out/winter_camvid11.h5" "$out/high_camvid11.h5" \
    "$out/all_camvid11.h5"
