"""An identity provider, asked who somebody is (OpenID Connect). It touches no database and knows no accounts."""
