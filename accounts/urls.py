"""The URLs of sign-in and of account pages, below /admin/. Names are allauth’s if it has one."""

from django.urls import path

from accounts.views import account, factors, invitation, recovery, sign_in

urlpatterns = [
    path("login/", sign_in.sign_in, name="account_login"),
    path("account/", account.AccountView.as_view(), name="account_overview"),
    path("account/second-step/", sign_in.factor, name="mfa_authenticate"),
    path("account/confirm/", sign_in.confirm, name="account_reauthenticate"),
    path("account/passkey/", sign_in.passkey_sign_in, name="mfa_login_webauthn"),
    path("account/passkey/options/", sign_in.passkey_options, name="account_passkey_options"),
    path("account/password/", account.ChangePasswordView.as_view(), name="account_change_password"),
    path("account/reset/", account.ResetPasswordView.as_view(), name="account_reset_password"),
    path(
        "account/reset/sent/",
        account.ResetSentView.as_view(),
        name="account_reset_password_done",
    ),
    path(
        "account/reset/done/",
        account.ResetDoneView.as_view(),
        name="account_reset_password_from_key_done",
    ),
    path(
        "account/reset/<str:uidb64>/<str:token>/",
        account.ChooseView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("account/address/", account.ChangeAddressView.as_view(), name="account_change_address"),
    path(
        "account/address/<str:token>/",
        account.ConfirmAddressView.as_view(),
        name="account_confirm_address",
    ),
    path("account/sessions/", account.SessionsView.as_view(), name="usersessions_list"),
    path("account/factors/", factors.FactorsView.as_view(), name="mfa_index"),
    path("account/factors/app/", factors.AddAppView.as_view(), name="mfa_activate_totp"),
    path("account/factors/passkey/", factors.AddPasskeyView.as_view(), name="mfa_add_webauthn"),
    path("account/factors/codes/", factors.CodesView.as_view(), name="mfa_view_recovery_codes"),
    path(
        "account/factors/<int:pk>/remove/",
        factors.RemoveFactorView.as_view(),
        name="account_remove_factor",
    ),
    path(
        "account/factors/<int:pk>/rename/",
        factors.RenamePasskeyView.as_view(),
        name="account_rename_passkey",
    ),
    path(
        "account/recovery/<int:pk>/",
        recovery.StartRecoveryView.as_view(),
        name="account_start_recovery",
    ),
    path("account/recover/<str:token>/", recovery.RecoverView.as_view(), name="account_recover"),
    path("account/invitation/<str:token>/", invitation.accept, name="account_invitation"),
]
