"""Where the gateway finds its neighbours when they are other processes."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.words import Service


class Neighbours(BaseSettings):
    """One address a service: `GATEWAY_INTAKE_URL` and so on."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    intake_url: str = "http://127.0.0.1:8001"
    dispatch_url: str = "http://127.0.0.1:8002"
    sla_url: str = "http://127.0.0.1:8003"
    knowledge_url: str = "http://127.0.0.1:8004"
    analytics_url: str = "http://127.0.0.1:8005"

    def urls(self) -> dict[Service, str]:
        """The addresses by service."""
        return {
            Service.INTAKE: self.intake_url,
            Service.DISPATCH: self.dispatch_url,
            Service.SLA: self.sla_url,
            Service.KNOWLEDGE: self.knowledge_url,
            Service.ANALYTICS: self.analytics_url,
        }
