"""The names of the kinds of resource that rules of a guide speak of. What these are says the release of a run."""

from __future__ import annotations

from typing import Final

ADDRESS: Final = "geographicAddress"
VALIDATION: Final = "geographicAddressValidation"
SITE: Final = "geographicSite"
POQ: Final = "productOfferingQualification"
QUOTE: Final = "quote"
ORDER: Final = "productOrder"
CANCEL: Final = "cancelProductOrder"
MODIFY_DATE: Final = "modifyProductOrderItemRequestedDeliveryDate"
CHARGE: Final = "charge"
PRODUCT: Final = "product"
TICKET: Final = "troubleTicket"
INCIDENT: Final = "incident"
WORK_ORDER: Final = "workorder"
APPOINTMENT: Final = "appointment"
CATEGORY: Final = "category"
OFFERING: Final = "productOffering"
SPECIFICATION: Final = "productSpecification"
BILL: Final = "customerBill"
BILL_ITEM: Final = "customerBillItem"
