"""nginx before the web processes, with all it writes in the folder of the test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from string import Template

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
MISSING = "nginx was not found; apt-get install nginx-light brings it"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CONFIGURATION = Template("""\
$user
daemon off;
worker_processes 1;
pid $folder/proxy.pid;
error_log $folder/proxy-errors.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  $temporary
  server {
    listen 127.0.0.1:$port backlog=1024;
    client_max_body_size 2m;
    location / {
      proxy_pass http://127.0.0.1:$web_port;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $$http_host;
      proxy_set_header X-Forwarded-For $$remote_addr;
      proxy_set_header X-Forwarded-Proto $$scheme;
      proxy_set_header X-Forwarded-Host $$http_host;
      proxy_read_timeout 90s;
    }
  }
}
""")


def proxy_command(folder: Path, *, port: int, web_port: int) -> list[str]:
    """Write the configuration and return the command that listens at `port`."""
    text = CONFIGURATION.substitute(
        # As root its workers would otherwise be somebody who may not look into the folder.
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        temporary=" ".join(f"{kind}_temp_path {folder}/proxy-{kind};" for kind in TEMPORARY),
        port=port,
        web_port=web_port,
    )
    path = folder / "proxy.conf"
    path.write_text(text, encoding="utf-8")
    return [str(NGINX), "-c", str(path), "-e", str(folder / "proxy-errors.log")]
