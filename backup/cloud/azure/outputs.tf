output "repository" {
  description = "WATTLINE_OFFSITE_REPOSITORY of the Pi."
  value       = "azure:${azurerm_storage_container.copy.name}:/"
}

output "credentials" {
  description = "The file that WATTLINE_OFFSITE_CREDENTIALS names."
  sensitive   = true
  value       = <<-EOT
    AZURE_ACCOUNT_NAME=${local.account_name}
    AZURE_TENANT_ID=${data.azurerm_client_config.me.tenant_id}
    AZURE_CLIENT_ID=${azuread_application.pi.client_id}
    AZURE_CLIENT_SECRET=${azuread_application_password.pi.value}
  EOT
}

output "secret_ends" {
  description = "When the Pi's secret ends: run Terraform with a new secret_from before."
  value       = azuread_application_password.pi.end_date
}
