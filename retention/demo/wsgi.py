"""What gunicorn serves in the demo."""

from crm.config import embedded
from crm.config.wsgi import application as product
from retention.demo.waiting import Front, Progress

application = Front(product, Progress(embedded.data_dir()))
