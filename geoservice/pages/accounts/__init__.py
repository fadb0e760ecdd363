"""The pages where people sign in and out and change their password."""
