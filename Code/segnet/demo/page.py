"""The page, made of Gradio's components."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from segnet.demo.answers import VIEWS, Seen, look
from segnet.demo.networks import Networks
from segnet.system.text import shown

# A rendered street; the page of `segnet export --format web` shows it as well.
EXAMPLE = Path(__file__).parents[1] / "export" / "web_page" / "example.jpg"
# Fonts of the machine: those of Gradio's themes would be asked for elsewhere.
THEME = gr.themes.Default(
    primary_hue="blue",
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)
CSS = """
.gradio-container { max-width: 76rem !important; margin: 0 auto !important; }
#said .problem { color: #b3202f; font-weight: 600; }
.dark #said .problem { color: #ff8f98; }
table.classes { border-collapse: collapse; width: 100%;
  font-variant-numeric: tabular-nums; }
table.classes :is(th, td) { padding: .16rem .6rem .16rem 0; text-align: right; }
table.classes thead th { font-weight: 600; font-size: .87rem; }
table.classes tbody th { font-weight: 400; }
table.classes tbody :is(th, td) { border-top: 1px solid var(--border-color-primary); }
table.classes tbody tr { background: linear-gradient(var(--color-accent),
  var(--color-accent)) left bottom / var(--part, 0%) 2px no-repeat; }
table.classes tr.absent { opacity: .65; }
table.classes i { display: inline-block; width: .8em; height: .8em; margin-right: .5em;
  box-shadow: inset 0 0 0 1px #8888; }
"""
TITLE = """# What the networks see
Road scenes, pixel by pixel, on this machine: no picture leaves it."""
START = "Drop a picture of a street, or take the example."
PROGRESS = gr.Progress()
NOTE = "Confidence is what the network believes, not how often it is right."


def build_page(networks: Networks) -> gr.Blocks:
    """Returns the page; no network is opened before the first picture."""
    with gr.Blocks(title="segnet demo", analytics_enabled=False) as page:
        gr.Markdown(TITLE)
        said = gr.HTML(_sentence(START), elem_id="said", padding=False)
        seen = gr.State(None)
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                file = gr.File(label="Picture", height=130, elem_id="file")
                example = gr.Button("Example street", elem_id="example", size="md")
                picture = gr.Image(
                    label="Seen",
                    interactive=False,
                    format="png",
                    buttons=["download", "fullscreen"],
                    alt_text="The picture under the colours of its classes",
                    elem_id="seen",
                )
            with gr.Column(scale=1, min_width=300):
                first = networks.names[0]
                network = gr.Dropdown(
                    networks.names, value=first, label="Network", elem_id="network"
                )
                runtime = gr.Dropdown(
                    networks.runtimes(first), label="Runtime", elem_id="runtime"
                )
                view = gr.Radio(VIEWS, value=VIEWS[0], label="Show", elem_id="view")
                strength = gr.Slider(
                    0,
                    100,
                    50,
                    step=1,
                    label="Strength of the colours",
                    elem_id="strength",
                )
                legend = gr.HTML(elem_id="legend", apply_default_css=False)
                gr.Markdown(NOTE)
        answers = _Answers(networks)
        given = [file, network, runtime, view, strength]
        made = [seen, picture, legend, said]
        private: dict[str, Any] = {"api_visibility": "private"}
        hidden = {"show_progress": "hidden", **private}
        see = {"fn": answers.see, "inputs": given, "outputs": made, **private}
        see["show_progress_on"] = picture
        file.change(**see)
        runtime.input(**see)
        network.input(answers.offer, network, runtime, **hidden).then(**see)
        example.click(lambda: str(EXAMPLE), None, file, **hidden)
        for control in (view, strength):
            control.change(answers.show, [seen, view, strength], picture, **hidden)
    return page


class _Answers:
    """The functions behind the controls."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks

    def offer(self, name: str) -> Any:
        """Returns the list of a network's runtimes."""
        runtimes = self.networks.runtimes(name)
        return gr.Dropdown(runtimes, value=runtimes[0])

    def see(
        self,
        path: str | None,
        name: str,
        runtime: str,
        view: str,
        strength: float,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[Seen | None, np.ndarray | None, str, str]:
        """Returns what was seen, its picture, its legend and a sentence."""
        if path is None:
            return None, None, "", _sentence(START)
        try:
            seen = look(
                self.networks, path, name, runtime, lambda words: progress(0, words)
            )
            picture = seen.view(view, strength / 100)
        except (ValueError, OSError) as error:
            # The folder is one of Gradio's own.
            text = str(error).replace(f"{Path(path).parent}/", "")
            return None, None, "", _sentence(text, problem=True)
        return seen, picture, seen.legend(), _sentence(seen.words)

    def show(self, seen: Seen | None, view: str, strength: float) -> np.ndarray | None:
        """Returns the picture of a view."""
        return None if seen is None else seen.view(view, strength / 100)


def _sentence(text: str, problem: bool = False) -> str:
    role = 'role="alert" class="problem"' if problem else 'role="status"'
    return f"<p {role}>{escape(shown(text))}</p>"
