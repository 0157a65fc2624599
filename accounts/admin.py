from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group

from accounts.models import User

admin.site.register(User, UserAdmin)
if not admin.site.is_registered(Group):
    admin.site.register(Group)
