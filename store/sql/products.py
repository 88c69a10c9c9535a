"""Products of one query with the vectors of a table, computed by PostgreSQL: no vector crosses the network.

They are right to a millionth of the query's length: a halfvec is multiplied in float32, and the query is two halfvecs,
the second of what the first rounds off.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from .bulk import Numbers, floats, numbers, one_row

#: Condition that the photo of a row of that table has a file.
HAS_FILE: Final = "EXISTS (SELECT FROM file WHERE file.photo_id = {}.photo_id)"
#: What is left of the query is multiplied by this, so that halfvecs hold it: it is below half of the query's last bit.
_REST: Final = 2048


class Products:
    """The SQL of products with *query*, float32 (d,).

    `sql` is the product with the column `vector`, to be multiplied by `scale`; `halfvec` is the query itself, rounded.
    """

    def __init__(self, query: NDArray[np.float32]) -> None:
        # Of any length: far from one, halfvecs would overflow, or lose most of their bits.
        exponent = int(np.frexp(np.abs(query).max(initial=0))[1])
        self.scale = math.ldexp(1.0, exponent)
        scaled = np.ldexp(query, -exponent)
        whole = scaled.astype(np.float16)
        rest = ((scaled - whole.astype(np.float32)) * _REST).astype(np.float16)
        self.halfvec = _halfvec(whole)
        self.sql = f"(inner_product(vector, {self.halfvec}) + inner_product(vector, {_halfvec(rest)}) / {_REST})"

    def rows(self, space_id: int) -> str:
        """Return the SQL of all rows of a space, of the columns photo_id and product; conditions may follow."""
        return f"SELECT photo_id, {self.sql} AS product FROM embedding WHERE space_id = {space_id}"  # noqa: S608 - numbers

    def read(
        self, connection: Connection, query: str, *parameters: Numbers
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Run *query*, of the columns photo_id and product, and return the photos and the products, float64 (n,)."""
        arrays = f"SELECT array_agg(photo_id), array_agg(product) FROM ({query}) AS found"  # noqa: S608 - our own query
        photo_ids, products = one_row(connection, arrays, parameters)
        return numbers(photo_ids), floats(products) * self.scale


def _halfvec(vector: NDArray[np.float16]) -> str:
    return f"'[{','.join(map(repr, vector.astype(np.float64).tolist()))}]'::halfvec"
