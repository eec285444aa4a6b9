"""nginx: installed only. The gateway's tests start it themselves, each with a configuration of its own."""

import shutil

from tools.servers.home import Home
from tools.servers.packages import install_packages


class Nginx:
    name = "nginx"
    title = "nginx"

    def missing(self) -> str | None:
        """Why it can't be started, or None."""
        found = shutil.which("nginx", path="/usr/local/bin:/usr/bin:/usr/sbin:/usr/local/sbin")
        return None if found else "nginx is not installed (package nginx)"

    def install(self, home: Home) -> None:
        if self.missing():
            install_packages("nginx-light")
