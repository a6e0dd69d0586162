import json

from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from agent_api import app as agent_api
from agent_api.openapi import document


async def test_the_document_is_valid_and_anybody_may_read_it(house):
    answer = await house.nobody().get("/openapi.json")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    validate(json.loads(answer.body), cls=OpenAPIV31SpecValidator)


async def test_the_document_lists_exactly_what_is_mounted(house):
    mounted = set()
    for resource in house.app.router.resources():
        for route in resource:
            path = route.resource.canonical
            if not path.startswith("/inbox") and path != "/":
                mounted.add((route.method, path))
    told = document(agent_api.ROUTES, "0")["paths"]
    listed = {(method.upper(), path) for path, methods in told.items() for method in methods}
    asked_about = {("HEAD", path) for method, path in listed if method == "GET"} - {("HEAD", "/v1/live")}
    elsewhere = {(method, path) for method in ("GET", "HEAD") for path in ("/healthz", "/readyz")}
    assert (listed | asked_about) - elsewhere == mounted
    assert len(listed) == len(agent_api.ROUTES) + 2


def test_the_document_lists_what_an_operator_asks():
    told = document(agent_api.ROUTES, "0")["paths"]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert "200" in told[path]["get"]["responses"]
        assert told[path]["get"]["security"] == []
    assert "503" in told["/readyz"]["get"]["responses"]


def test_every_call_says_its_scope_and_its_errors():
    for path, operations in document(agent_api.ROUTES, "0")["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert "default" in operation["responses"]
            if operation["security"]:
                assert {"401", "403"} <= set(operation["responses"]), (method, path)
            if "requestBody" in operation and "application/json" in operation["requestBody"]["content"]:
                assert {"400", "413", "422"} <= set(operation["responses"]), (method, path)


def test_names_of_operations_are_unique():
    paths = document(agent_api.ROUTES, "0")["paths"].values()
    names = [operation["operationId"] for operations in paths for operation in operations.values()]
    assert len(set(names)) == len(names)


async def test_figures_are_for_this_machine_and_for_keys(house):
    reader = await house.key("reader", "read")
    here = await house.nobody().get("/metrics")
    assert here.status == 200
    assert b"passerelle_live_clients" in here.body
    assert here.headers["Content-Type"].startswith("text/plain")
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert (await house.nobody().get("/metrics", headers={name: "1.2.3.4"})).status == 401
        assert (await reader.get("/metrics", headers={name: "1.2.3.4"})).status == 200
    assert (await house.nobody().get("/metrics", headers={"Host": "evil.example"})).status == 401
    assert (await reader.get("/metrics", headers={"Host": "metrics.internal"})).status == 200
