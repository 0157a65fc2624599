"""The forms of sign-in and of the account pages."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, LoginWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from fido2.utils import websafe_decode

from accounts import factors, failed_guesses, throttle
from accounts.adapter import WRONG_PASSKEY
from accounts.folding import folded
from accounts.json_field import JSONField
from accounts.models import FactorRecovery, User
from accounts.passwords import MAX_LOGIN_CHARACTERS, MAX_PASSWORD_CHARACTERS

WRONG_CODE = gettext_lazy(
    "The code is wrong, or was used before. Wait for the next code and enter it. If it is refused "
    "again, set the clock of your phone to the automatic time."
)
# What fido2 and the queries raise for a passkey that no browser would send.
BAD_PASSKEY = (TypeError, ValueError, KeyError, AttributeError, OverflowError, DataError)


def password_field(label: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=MAX_PASSWORD_CHARACTERS,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "vTextField"}),
    )


def code_field(label: Any, **attributes: Any) -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "class": "vTextField"} | attributes
    return forms.CharField(
        label=label,
        max_length=factors.MAX_CODE_CHARACTERS,
        widget=forms.TextInput(attrs=attributes),
    )


class CredentialField(JSONField):
    """What a browser says about a passkey, as JSON."""

    MAX_CHARACTERS = 20_000
    widget = forms.HiddenInput
    default_error_messages = {"invalid": WRONG_PASSKEY}

    def to_python(self, value: Any) -> Any:
        return super().to_python(str(value or "")[: self.MAX_CHARACTERS])

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial  # a page does not repeat it, because it works once


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        self.fields["login"] = forms.CharField(
            label=_("Username or e-mail address"),
            max_length=MAX_LOGIN_CHARACTERS,
            widget=forms.TextInput(attrs={**attributes, "autofocus": True}),
        )
        self.fields["password"] = password_field(_("Password"), "current-password")

    def add_prefix(self, field_name: str) -> str:
        # The name by which password managers and scripts know the field.
        return "username" if field_name == "login" else super().add_prefix(field_name)


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey that the browser used, as JSON. Passkeys that can’t be read are refused alike."""

    credential = CredentialField()

    def clean_credential(self) -> Authenticator:
        try:
            found: Authenticator = super().clean_credential()
        except BAD_PASSKEY:
            raise ValidationError(WRONG_PASSKEY) from None
        return found


class PasskeySignInForm(PasskeyForm, LoginWebAuthnForm):
    """A passkey without a user: it says whose it is."""

    def owner(self) -> User | None:
        """Return whose passkey it names, also if it was refused.

        Anyone can invent the name of a user, so the user must have this passkey.
        """
        try:
            named = self.fields["credential"].clean(self.data.get("credential"))
            user = webauthn.extract_user_from_response(named)
            key = websafe_decode(named["rawId"])
            return user if webauthn.get_authenticator_by_credential_id(user, key) else None
        except (*BAD_PASSKEY, ValidationError):
            return None


class PasskeyConfirmationForm(PasskeyForm):
    reauthenticated = True


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = code_field(gettext_lazy("Code"), autofocus=True)
    reauthenticated = False

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request

    def clean_code(self) -> str:
        guess = throttle.factor_guess(self.user, self.request)
        found = factors.use_code(self.user, self.cleaned_data["code"], request=self.request)
        if found is None:
            failed_guesses.code_failed(self.request, self.user, guess)
            raise ValidationError(WRONG_CODE)
        guess.give_back()
        self.factor = found
        return str(self.cleaned_data["code"])

    def save(self) -> None:
        factors.note_use(self.request, self.factor, confirmed=self.reauthenticated)


class CodeConfirmationForm(CodeForm):
    reauthenticated = True


class PasswordForm(forms.Form):
    password = password_field(gettext_lazy("Password"), "current-password")


class PasswordConfirmationForm(PasswordForm):
    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise ValidationError(_("The password is wrong."))
        return password


class AppForm(forms.Form):
    """The first code of a new authenticator app."""

    code = code_field(gettext_lazy("Code that the app shows"), inputmode="numeric")

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        step = factors.step_of(self.secret, code)
        if step is None:
            raise ValidationError(WRONG_CODE)
        self.step = step
        return code


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the passkey"),
        max_length=60,
        help_text=gettext_lazy("Such as “Phone” or “Office laptop”."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


class NewPasskeyForm(PasskeyNameForm):
    credential = CredentialField(
        error_messages={"required": gettext_lazy("No passkey was created. This needs JavaScript.")},
    )

    def clean_credential(self) -> dict:
        credential = self.cleaned_data["credential"]
        try:
            webauthn.parse_registration_response(credential)
            made = webauthn.complete_registration(credential)
            if not made.is_user_verified():
                raise ValueError
        except BAD_PASSKEY:
            raise ValidationError(WRONG_PASSKEY) from None
        return dict(credential)


class NewPasswordForm(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "vTextField"
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(NewPasswordForm, PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Current password")

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise ValidationError(_("The password is wrong."))
        return password


class EmailForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=MAX_LOGIN_CHARACTERS,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "vTextField"}),
    )


class NewAddressForm(EmailForm):
    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["email"].label = _("New e-mail address")

    def clean_email(self) -> str:
        address: str = self.cleaned_data["email"]
        if folded(address) == folded(self.user.email):
            raise ValidationError(_("This is your address already. Enter a new one."))
        if problem := self.user.problem_of_address(address):
            raise ValidationError(problem)
        return address


class RecoveryForm(forms.ModelForm):
    class Meta:
        model = FactorRecovery
        fields = ("identity_check",)
        widgets = {"identity_check": forms.Textarea(attrs={"rows": 3, "class": "vTextField"})}
