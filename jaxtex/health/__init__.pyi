from .canaries import CANARIES as CANARIES
from .doctor import Note as Note
from .doctor import examine as examine
from .doctor import sections as sections
from .doctor import status as status
