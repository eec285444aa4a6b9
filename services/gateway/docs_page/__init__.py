"""The interactive documentation at /docs: Swagger UI, vendored, over the generated OpenAPI document."""
