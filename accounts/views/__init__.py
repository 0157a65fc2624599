"""The pages of sign-in and of a user's own account, below /admin/account/."""
