"""Addresses of the studio."""

from django.urls import path, re_path

from rooms.statements import views as statements
from rooms.studio.views import earnings, overview, payouts, plans, refunds, rooms, setup, stars

app_name = "studio"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("start/", setup.start, name="start"),
    path("onboarding/", setup.status, name="setup"),
    path("onboarding/start/", setup.onboard, name="onboarding-start"),
    path("onboarding/return/", setup.came_back, name="onboarding-return"),
    path("onboarding/refresh/", setup.refresh, name="onboarding-refresh"),
    path("onboarding/tips/", setup.tips, name="tips"),
    path("rooms/", rooms.mine, name="rooms"),
    path("rooms/new/", rooms.new, name="room-new"),
    path("rooms/new/preview/", rooms.preview, name="room-preview"),
    path("rooms/<slug:slug>/", rooms.room, name="room"),
    path("rooms/<slug:slug>/charity/", rooms.charity, name="room-charity"),
    path("rooms/<slug:slug>/cancel/", refunds.cancel, name="room-cancel"),
    path("rooms/<slug:slug>/refunds/", refunds.progress, name="room-progress"),
    path("rooms/<slug:slug>/accept/", rooms.accept, name="room-accept"),
    path("plans/", plans.mine, name="plans"),
    path("plans/new/", plans.new, name="plan-new"),
    path("plans/new/preview/", plans.preview, name="plan-preview"),
    path("plans/<uuid:plan_id>/", plans.edit, name="plan"),
    path("plans/<uuid:plan_id>/retire/", plans.retire, name="plan-retire"),
    path("earnings/<slug:stage>/<str:currency>/", earnings.stage, name="stage"),
    path("sales/", earnings.sales, name="sales"),
    path("sales/<uuid:sale_id>/", earnings.sale, name="sale"),
    path("stars/", stars.gifts, name="stars"),
    path("stars/<uuid:tip_id>/", stars.gift, name="star-gift"),
    path("sales/<uuid:sale_id>/refund/", refunds.refund, name="sale-refund"),
    path("sales/<uuid:sale_id>/refund/cost/", refunds.refund_cost, name="sale-refund-cost"),
    path("payouts/", payouts.mine, name="payouts"),
    path("payouts/<uuid:payout_id>/", payouts.payout, name="payout"),
    path("statements/", statements.months, name="statements"),
    re_path(r"^statements/(?P<month>\d{4}-\d{2})\.pdf$", statements.pdf, name="statement-pdf"),
    re_path(r"^statements/(?P<month>\d{4}-\d{2})\.csv$", statements.csv, name="statement-csv"),
]
