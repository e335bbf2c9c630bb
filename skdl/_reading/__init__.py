"""What users pass as X becomes arrays: containers, frames, times, texts, units; or a clear error.

Every part of skdl that takes data reads them by this, transformers and splitters too. How the rows
of an estimator become columns of the engine is in ``skdl.estimators._base``.
"""

from ._containers import one_column, plain_container, plain_values, rows_of_numbers
from ._finite import IMPUTE, check_finite, is_finite
from ._frames import (
    ChannelNamesMixin,
    ColumnsMixin,
    check_numbers,
    column_names,
    different_columns,
    first_not_numeric,
)
from ._given import Given
from ._image_or_signal import (
    Guess,
    have_pixel_values,
    name_channels,
    show_channels,
    warn_of_channels_first,
    warn_of_signals,
)
from ._image_shapes import (
    MAX_CHANNELS,
    Shape,
    check_channels_last,
    check_smallest,
    warn_of_other_meaning,
    way_of_one_image,
    way_out,
)
from ._input import InputMixin
from ._lags import lags_of
from ._lengths import as_steps, other_length, way_to_length
from ._mixed_columns import ColumnKind, MixedColumns, kind_of_column
from ._ragged import (
    as_numbers,
    channels_last,
    check_channels,
    check_n_channels,
    is_ragged,
    read_each,
    warn_of_single_steps,
    way_of_channels,
    way_to_fill,
    without_padding,
)
from ._sequences import Sequences, SequencesMixin
from ._steps import (
    check_gaps_of_steps,
    check_order_of_columns,
    check_order_of_pixels,
    check_order_of_steps,
    warn_of_dated_rows,
)
from ._texts import input_type_of, read_texts
from ._time import (
    as_index,
    fall_in_words,
    first_fall,
    first_fall_of_numbers,
    holds_times,
    in_order,
    irregular_steps,
    is_in_time,
)
from ._time_text import first_unordered, keys_of_time, text_as_dates
from ._units import Arrays, Units, check_one_scale, rows_without_gaps
from ._words import (
    composed,
    has_unspaced,
    shown_settings,
    split_words,
    split_words_and_characters,
    split_words_and_punctuation,
    wider_patterns,
)
from ._years import dates_in_numbers, with_whole_years, years_of

__all__ = [
    "IMPUTE",
    "MAX_CHANNELS",
    "Arrays",
    "ChannelNamesMixin",
    "ColumnKind",
    "ColumnsMixin",
    "Given",
    "Guess",
    "InputMixin",
    "MixedColumns",
    "Sequences",
    "SequencesMixin",
    "Shape",
    "Units",
    "as_index",
    "as_numbers",
    "as_steps",
    "channels_last",
    "check_channels",
    "check_channels_last",
    "check_finite",
    "check_gaps_of_steps",
    "check_n_channels",
    "check_numbers",
    "check_one_scale",
    "check_order_of_columns",
    "check_order_of_pixels",
    "check_order_of_steps",
    "check_smallest",
    "column_names",
    "composed",
    "dates_in_numbers",
    "different_columns",
    "fall_in_words",
    "first_fall",
    "first_fall_of_numbers",
    "first_not_numeric",
    "first_unordered",
    "has_unspaced",
    "have_pixel_values",
    "holds_times",
    "in_order",
    "input_type_of",
    "irregular_steps",
    "is_finite",
    "is_in_time",
    "is_ragged",
    "keys_of_time",
    "kind_of_column",
    "lags_of",
    "name_channels",
    "one_column",
    "other_length",
    "plain_container",
    "plain_values",
    "read_each",
    "read_texts",
    "rows_of_numbers",
    "rows_without_gaps",
    "show_channels",
    "shown_settings",
    "split_words",
    "split_words_and_characters",
    "split_words_and_punctuation",
    "text_as_dates",
    "warn_of_channels_first",
    "warn_of_dated_rows",
    "warn_of_other_meaning",
    "warn_of_signals",
    "warn_of_single_steps",
    "way_of_channels",
    "way_of_one_image",
    "way_out",
    "way_to_fill",
    "way_to_length",
    "wider_patterns",
    "with_whole_years",
    "without_padding",
    "years_of",
]
