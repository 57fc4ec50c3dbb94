"""The addresses of this room."""

from django.urls import path

from crm.settings.views import index, organisation, person, roles, start, team, tokens

app_name = "settings"
urlpatterns = [
    path("", index.index, name="index"),
    path("start/", start.start, name="start"),
    path("start/card/", start.card, name="start_card"),
    path("start/away/", start.put_away, name="put_away"),
    path("start/dns/", start.look_up, name="look_up"),
    path("start/test-mail/", start.test_mail, name="test_mail"),
    path("organisation/", organisation.organisation, name="organisation"),
    path("second-factor/", organisation.second_factor, name="second_factor"),
    path("roles/", roles.roles, name="roles"),
    path("roles/<slug:role>/<slug:permission>/", roles.right, name="right"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:pk>/revocation/", tokens.revocation, name="revocation"),
    path("team/", team.people, name="team"),
    path("team/invitations/", team.invite, name="invite"),
    path("team/groups/", team.groups, name="groups"),
    path("team/groups/<int:pk>/", team.group, name="group"),
    path("team/groups/<int:pk>/removal/", team.remove_group, name="remove_group"),
    path("team/<int:pk>/", person.person, name="person"),
    path("team/<int:pk>/invitation/", person.resend, name="resend"),
    path("team/<int:pk>/withdrawal/", person.withdraw, name="withdraw"),
    path("team/<int:pk>/hand-over/", person.hand_over, name="hand_over"),
    path("team/<int:pk>/hand-over/<int:hand_over_pk>/return/", person.give_back, name="give_back"),
    path("team/<int:pk>/deactivation/", person.deactivation, name="deactivation"),
    path("team/<int:pk>/reactivation/", person.reactivation, name="reactivation"),
    path("team/<int:pk>/second-factor/reset/", person.reset_second_factor, name="reset_second_factor"),
    path("team/<int:pk>/sign-out/", person.sign_out, name="sign_out"),
]
