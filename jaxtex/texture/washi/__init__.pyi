from .draw import KINDS as KINDS
from .draw import check_request as check_request
from .draw import kind_of as kind_of
from .draw import render as render
