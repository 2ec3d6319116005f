"""States of a payment and accounts of the ledger."""

from __future__ import annotations

from salle.kernel.enums import LabelledEnum


class PaymentState(LabelledEnum):
    """State of one attempt to pay; given back in part, a payment stays paid."""

    CREATED = "created", "préparé"
    PENDING = "pending", "en cours"
    PAID = "paid", "payé"
    EXPIRED = "expired", "expiré"
    REFUNDING = "refunding", "remboursement demandé"
    REFUNDED = "refunded", "remboursé"


class RefundState(LabelledEnum):
    """State of money on its way back."""

    REQUESTED = "requested", "demandé"
    DONE = "done", "fait"


class LedgerAccount(LabelledEnum):
    """Who holds what an entry moves; amounts are signed, each transaction sums to zero.

    requester: minus what the associations have paid; college: what the collège received
    (net of provider fees); provider: fees kept by the payment provider; department: what
    the département kept, which must stay 0.
    """

    REQUESTER = "requester", "associations"
    COLLEGE = "college", "collège"
    PROVIDER = "provider", "frais du prestataire de paiement"
    DEPARTMENT = "department", "département"


class LedgerKind(LabelledEnum):
    """Why a transaction was written."""

    PAYMENT = "payment", "paiement"
    FEE = "fee", "frais du prestataire"
    REFUND = "refund", "remboursement"


class Audience(LabelledEnum):
    """Whom a tariff is for."""

    ASSOCIATION = "association", "association"
    EVERYONE = "everyone", "tout public"
