"""Serves the page on this machine alone."""

import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from segnet.demo.networks import Networks

HOST, PORT = "127.0.0.1", 7860
MOST_BYTES = "512mb"


def serve(
    models: Sequence[str | Path] = (),
    port: int = PORT,
    say: Callable[[str], object] = print,
    stop: threading.Event | None = None,
) -> None:
    """Serves the page until Ctrl-C.

    Nothing is shared, counted or asked for elsewhere: the server listens to 127.0.0.1
    alone, and uploaded pictures are removed at the end.

    Args:
        models: Exported files, run folders, `.keras` files or shipped names, listed
            first.
        port: On which it listens; 0 for any that is free.
        say: Called with the address.
        stop: Ends it when set.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: Gradio is missing, or the port is none.
        OSError: The port is taken.
    """
    if find_spec("gradio") is None:
        raise ValueError(
            "gradio is not installed, and the page is made of it: pip install -e "
            "'.[demo]' in a clone of segnet"
        )
    if not 0 <= port < 65536:
        raise ValueError(f"port is {port}, expected 0 to 65535")
    networks = Networks(models)
    with tempfile.TemporaryDirectory(prefix="segnet-demo-") as uploads:
        # Read when Gradio is imported.
        os.environ |= {
            "GRADIO_TEMP_DIR": uploads,
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        from segnet.demo.page import CSS, EXAMPLE, THEME, build_page

        page = build_page(networks)
        try:
            _, address, _ = page.launch(
                theme=THEME, css=CSS, allowed_paths=[str(EXAMPLE)], **settings(port)
            )
            say(f"{address} shows the networks; Ctrl-C ends it")
            (stop or threading.Event()).wait()
        finally:
            page.close(verbose=False)
            networks.close()


def settings(port: int) -> dict[str, Any]:
    """Returns Gradio's settings for a page that this machine alone can open."""
    return {
        "server_name": HOST,
        # Gradio looks for a free one from 7860 up.
        "server_port": port or None,
        "share": False,
        "inbrowser": False,
        "prevent_thread_lock": True,
        "quiet": True,
        "footer_links": [],
        "max_file_size": MOST_BYTES,
        "ssr_mode": False,
        "enable_monitoring": False,
    }
