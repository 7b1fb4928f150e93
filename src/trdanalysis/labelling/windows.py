"""Days and windows that hold in every definition, whatever its weeks.

Days are relative to a trial's start (day 0) unless a name says otherwise.
"""

#: The baseline score is taken from this day ...
BASELINE_FROM_DAY = -14
#: ... to this day; ratings after day 0 come second.
BASELINE_TO_DAY = 7
#: The endpoint score is taken on this day or later, ...
ENDPOINT_FROM_DAY = 14
#: ... and not earlier than this many days before the stop or day 42, whichever comes first, ...
ENDPOINT_BEFORE_END_DAYS = 7
#: ... at most this many days after the stop, ...
ENDPOINT_AFTER_STOP_DAYS = 7
#: ... at most this many days after the next treatment's start, ...
ENDPOINT_AFTER_NEXT_DAYS = 7
#: ... and never after this day.
ENDPOINT_TO_DAY = 182
#: Of several ratings the last up to this day is taken (eight weeks and a week), else the first
#: after.
ENDPOINT_PREFERRED_TO_DAY = 63
#: Before this day nothing is said of the outcome of an ongoing trial.
FULL_TRIAL_DAYS = 42
#: Another treatment is the next one where it began more than this many days later.
NEXT_TREATMENT_AFTER_DAYS = 14
#: A run of adequate dose survives a break of this many days.
RUN_BREAK_DAYS = 14
