"""The Flask extensions, unbound, so that nothing imports in circles."""

from __future__ import annotations

from flask_compress import Compress
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from models import Base

db = SQLAlchemy(metadata=Base.metadata)
login_manager = LoginManager()
csrf = CSRFProtect()
# Pages are packed anew, files once and kept.
page_compression = Compress()
file_compression = Compress()
