"""Pictures in and out."""

from nst.images.reader import read as read
