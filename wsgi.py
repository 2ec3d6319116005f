"""WSGI entry point: `gunicorn wsgi:app`."""

from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config
from salle import create_app

config = Config.from_env()
app = create_app(config)
if config.environment == "production":
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
