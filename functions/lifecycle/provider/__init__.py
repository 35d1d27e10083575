"""The boundary around OpenID Connect providers: which hosts are asked, and which secret is sent where."""
