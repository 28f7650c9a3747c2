"""Daphne with what it lacks: writes that wait for slow readers, bodies with a limit, an end that cuts nobody off."""
