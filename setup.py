"""A wheel carries, inside of the package, what a checkout holds beside ``src/``."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
#: Where trdanalysis.project looks for it.
HOUSE = Path("trdanalysis", "house")
CARRIED = (
    "Snakefile", "config", "environment.yml", "notebooks", "profiles", "requirements.lock",
    "results/README.md", "templates", "workflow",
)  # fmt: skip


class BuildWithHouse(build_py):
    """Copy them beside the modules; a link to a checkout needs no copy."""

    def run(self) -> None:
        """Build the modules, then copy."""
        super().run()
        if self.editable_mode:
            return
        house = Path(self.build_lib, HOUSE)
        shutil.rmtree(house, ignore_errors=True)
        for name in CARRIED:
            source, target = HERE / name, house / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                ignored = shutil.ignore_patterns(".ipynb_checkpoints", "frozen.json")
                shutil.copytree(source, target, ignore=ignored)
            else:
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithHouse})
