"""`segnet predict`: class ids for images that have no labels."""

from segnet.predict.prediction import Prediction
from segnet.predict.predictor import Predictor

__all__ = ["Prediction", "Predictor"]
