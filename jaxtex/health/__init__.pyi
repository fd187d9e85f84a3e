from .canaries import CANARIES as CANARIES
from .doctor import SECTIONS as SECTIONS
from .doctor import Note as Note
from .doctor import examine as examine
from .doctor import status as status
