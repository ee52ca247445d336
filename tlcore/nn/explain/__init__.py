"""Why a trained network says what it says: small implementations of the well-known methods.

All of them explain the whole network, the trained head included, for one picture and one class.
"""
