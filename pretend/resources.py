"""Stripe's resources: the records of card payments as its interface and its events show them.

Every key that a resource has at Stripe is given; what the pretend world does not know is null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pretend.cards import CARDS, DECLINES
from pretend.event import Event
from pretend.payment import COMPLETE, NEEDS_STEP, OPEN, SUCCEEDED, Charge, Dispute, Intent, Refund, Session

API_VERSION = "2026-10-28.endive"
DAY = 86_400
_SESSION_NULLS = dict.fromkeys(
    "after_expiration allow_promotion_codes billing_address_collection client_secret consent consent_collection "
    "currency_conversion customer customer_account customer_details discounts integration_identifier invoice "
    "managed_payments origin_context payment_link payment_method_configuration_details permissions recovered_from "
    "saved_payment_method_options setup_intent shipping_address_collection shipping_cost subscription "
    "wallet_options collected_information".split()
)
_INTENT_NULLS = dict.fromkeys(
    "application application_fee_amount automatic_payment_methods cancellation_reason customer customer_account "
    "excluded_payment_method_types managed_payments next_action on_behalf_of payment_method "
    "payment_method_configuration_details processing receipt_email review setup_future_usage shipping source "
    "statement_descriptor transfer_data transfer_group".split()
)
_CHARGE_NULLS = dict.fromkeys(
    "application application_fee application_fee_amount customer failure_balance_transaction on_behalf_of "
    "receipt_email receipt_number receipt_url refunds review shipping source source_transfer statement_descriptor "
    "transfer_data transfer_group".split()
)
_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
).split()
_NO_ADDRESS = dict.fromkeys("city country line1 line2 postal_code state".split())

Lookup = Callable[[str], Any]


def shown(record: Session | Intent | Charge | Refund | Dispute, find: Lookup, *, base: str = "") -> dict[str, Any]:
    """A record as Stripe shows it. ``find`` gives the record of an id; ``base`` is where pages are open."""
    if isinstance(record, Session):
        return _session(record, base)
    if isinstance(record, Intent):
        return _intent(record)
    if isinstance(record, Charge):
        return _charge(record, find(record.intent))
    if isinstance(record, Refund):
        return _refund(record)
    return _dispute(record, find(record.charge))


def event(event: Event, now: float) -> dict[str, Any]:
    """An event as the product reads it."""
    return {
        "id": event.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": event.created,
        "data": {"object": event.thing},
        "livemode": False,
        "pending_webhooks": int(event.is_owed(now)),
        "request": {"id": event.request, "idempotency_key": event.key},
        "type": event.type,
    }


def _session(session: Session, base: str) -> dict[str, Any]:
    is_paid = session.status == COMPLETE
    person: dict[str, Any] = {
        "address": _NO_ADDRESS, "business_name": None, "email": session.email, "individual_name": None, "name": None,
        "phone": None, "tax_exempt": "none", "tax_ids": [],
    }  # fmt: skip
    return {
        **_SESSION_NULLS,
        "id": session.id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": session.amount,
        "amount_total": session.amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": session.cancel_url,
        "client_reference_id": session.reference,
        "created": session.created,
        "currency": session.currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer_creation": "if_required",
        "customer_details": person if is_paid or session.email else None,
        "customer_email": session.email,
        "expires_at": session.expires_at,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": None,
                "metadata": {}, "rendering_options": None,
            },
        },
        "livemode": False,
        "locale": session.locale,
        "metadata": session.metadata,
        "mode": "payment",
        "payment_intent": session.intent if is_paid else None,
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "paid" if is_paid else "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": session.status,
        "submit_type": session.submit_type,
        "success_url": session.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{base}/checkout/{session.id}" if base and session.status == OPEN else None,
    }  # fmt: skip


def _intent(intent: Intent) -> dict[str, Any]:
    return {
        **_INTENT_NULLS,
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount if intent.status == SUCCEEDED else 0,
        "canceled_at": intent.canceled_at,
        "capture_method": "automatic_async",
        "client_secret": f"{intent.id}_secret_{intent.id[-24:]}",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "description": intent.description,
        "last_payment_error": intent.error,
        "latest_charge": intent.charge,
        "livemode": False,
        "metadata": intent.metadata,
        "next_action": {"type": "use_stripe_sdk"} if intent.status == NEEDS_STEP else None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "statement_descriptor_suffix": intent.suffix,
        "status": intent.status,
    }


def _charge(charge: Charge, intent: Intent) -> dict[str, Any]:
    is_taken = charge.status == SUCCEEDED
    decline = DECLINES[charge.decline] if charge.decline else None
    return {
        **_CHARGE_NULLS,
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount if is_taken else 0,
        "amount_refunded": charge.refunded,
        "balance_transaction": charge.settled,
        "billing_details": {"address": _NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": intent.descriptor,
        "captured": is_taken,
        "created": charge.created,
        "currency": charge.currency,
        "description": intent.description,
        "disputed": charge.disputed,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.sentence if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent.metadata,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "declined_by_network" if decline else "approved_by_network",
            "reason": decline.decline_code if decline else None,
            "seller_message": decline.sentence if decline else "Payment complete.",
            "type": "issuer_declined" if decline else "authorized",
        },
        "paid": is_taken,
        "payment_intent": charge.intent,
        "payment_method": f"pm_{charge.id[3:]}",
        "payment_method_details": {"card": _card(charge), "type": "card"},
        "refunded": is_taken and charge.refunded == charge.amount,
        "statement_descriptor_suffix": intent.suffix,
        "status": charge.status,
    }


def _card(charge: Charge) -> dict[str, Any]:
    return {
        "amount_authorized": charge.amount if charge.status == SUCCEEDED else None,
        "authorization_code": None,
        "brand": "visa",
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "fail" if charge.decline == "incorrect_cvc" else "pass",
        },
        "country": "US",
        "exp_month": 12,
        "exp_year": 2040,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": f"fp{charge.card[-14:]}",
        "funding": "credit",
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": CARDS[charge.card].last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": "visa",
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": charge.amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.settled,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "customer": None,
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": refund.metadata,
        "payment_intent": refund.intent,
        "payment_method": f"pm_{refund.charge[3:]}",
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _dispute(dispute: Dispute, charge: Charge) -> dict[str, Any]:
    has_evidence = dispute.status != "needs_response"
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [],
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": dispute.created + 7 * DAY,
            "enhanced_eligibility": {},
            "has_evidence": has_evidence,
            "past_due": False,
            "submission_count": int(has_evidence),
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.intent,
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": dispute.reason,
        "status": dispute.status,
    }
