"""OIT: an onboarding and interoperability test bed for the MEF LSO Sonata APIs."""

__version__ = "0.1.0"
