# SPDX-License-Identifier: AGPL-3.0-or-later
"""What gunicorn serves."""

from __future__ import annotations

import cleaning
import headers
import house
import lost
from werkzeug.middleware.proxy_fix import ProxyFix

app = house.make()
cleaning.begin(app)
lost.attach(app)
# The edge alone reaches this place, and says where a request came from.
app.wsgi_app = headers.by_any_name(
    ProxyFix(headers.ours(app.wsgi_app), x_for=1, x_proto=1),
    inside="identity-canaille:5000", public=app.config["SERVER_NAME"])
