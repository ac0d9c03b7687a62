"""What can be recommended, and which item a piece of text means."""

from safecrs.catalog.catalog import Catalog
from safecrs.catalog.facets import Facets, ValueLists
from safecrs.catalog.imdb import read_title_basics
from safecrs.catalog.index import TitleIndex
from safecrs.catalog.item import Item, Listed
from safecrs.catalog.mentions import Mention, find_mentions
from safecrs.catalog.normalize import make_label, normalize_title, split_label

__all__ = [
    "Catalog",
    "Facets",
    "Item",
    "Listed",
    "Mention",
    "TitleIndex",
    "ValueLists",
    "find_mentions",
    "make_label",
    "normalize_title",
    "read_title_basics",
    "split_label",
]
