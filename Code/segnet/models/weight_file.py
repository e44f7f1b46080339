"""The file of a network's weights: half-precision arrays that NumPy alone can read.

A compressed `.npz` without pickles, one array for each variable, named
`<layer>/<variable>` and sorted by name: `np.load(path)["stem_s2_conv/kernel"]`. The
same weights give the same bytes.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

# Half of the last place of float16: what rounding costs a number it can hold.
HALF_PRECISION = 2.0**-11


def write_weights(model: keras.Model, path: str | Path) -> list[str]:
    """Writes the weights of a model and returns the names of those kept in float32.

    An array stays float32 where float16 would lose more than its usual rounding: a
    value above 65504, or an array of values below 6e-5. Of a moving variance each
    value must hold, since it scales a channel of its own; in other arrays the largest
    value is the measure.

    Args:
        model: A built model whose layers are not models themselves.
        path: File to write, ending in `.npz`.

    Raises:
        ValueError: A weight is not finite.
    """
    arrays, kept = {}, []
    for name, variable in sorted(name_variables(model).items()):
        array = keras.ops.convert_to_numpy(variable).astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} of {model.name} holds values that are not finite")
        if _fits_half(name, array):
            array = array.astype(np.float16)
        else:
            kept.append(name)
        arrays[name] = array
    np.savez_compressed(path, **arrays)
    return kept


def read_weights(model: keras.Model, content: bytes, path: str | Path) -> None:
    """Gives a model the weights of a file.

    Args:
        model: A built model.
        content: The bytes of the file.
        path: Where they are from, for errors.

    Raises:
        ValueError: The file is damaged, or not of this network; the first variable
            that differs is named, and the model stays as it was.
    """
    try:
        with np.load(io.BytesIO(content)) as file:
            arrays = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path}: no weights or damaged ones ({error})") from error
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    where = f"{path}: not the weights of this {model.name}"
    assign_variables(name_variables(model), arrays, where)


def name_variables(
    model: keras.Model, random_states: bool = False
) -> dict[str, keras.Variable]:
    """Returns the variables of a model by their names, `<layer>/<variable>`.

    Args:
        model: A built model whose layers are not models themselves.
        random_states: Whether to add the states of random generators, of dropout say,
            which are no weights.

    Raises:
        ValueError: Two variables have one name.
    """
    found = {}
    for layer in model.layers:
        for variable in layer.variables if random_states else layer.weights:
            name = f"{layer.name}/{variable.name}"
            if name in found:
                raise ValueError(f"{model.name} has two variables called {name}")
            found[name] = variable
    return found


def assign_variables(
    variables: Mapping[str, keras.Variable],
    arrays: Mapping[str, np.ndarray],
    where: str,
) -> None:
    """Sets variables to the arrays of the same names.

    Args:
        variables: Name -> variable.
        arrays: Name -> array, for just these names.
        where: Words for the error, put before the difference.

    Raises:
        ValueError: An array is missing, has another shape or kind of dtype, or belongs
            to no variable; the first by name is named, and all variables stay as they
            were.
    """
    for name in sorted({*arrays, *variables}):
        have, want = (_shape(values, name) for values in (arrays, variables))
        if have != want:
            raise ValueError(
                f"{where}: {name} is {have} in the file, {want} in the network"
            )
        dtypes = arrays[name].dtype, np.dtype(variables[name].dtype)
        if dtypes[0].kind != dtypes[1].kind:
            raise ValueError(
                f"{where}: {name} has the dtype {dtypes[0]} in the file, {dtypes[1]} "
                f"in the network"
            )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _shape(values: Mapping, name: str) -> str:
    return str(tuple(values[name].shape)) if name in values else "missing"


def _fits_half(name: str, array: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        error = np.abs(array.astype(np.float16).astype(np.float32) - array)
    size = np.abs(array)
    if not name.endswith("/moving_variance"):
        size = size.max(initial=0.0)
    return bool((error <= HALF_PRECISION * size).all())
