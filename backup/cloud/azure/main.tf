# A private container for the off-site copy, and an identity for the Pi that is good for this container and nothing else.

terraform {
  required_version = ">= 1.5"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.9"
    }
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.0"
    }
  }
}

provider "azurerm" {
  subscription_id = var.subscription_id

  features {
    storage {
      # The account has no keys, and all that is made here is made without looking into the store.
      data_plane_available = false
    }
  }
}

data "azurerm_client_config" "me" {}

locals {
  group_name   = var.existing_resource_group != "" ? data.azurerm_resource_group.existing[0].name : azurerm_resource_group.new[0].name
  group_region = var.existing_resource_group != "" ? data.azurerm_resource_group.existing[0].location : azurerm_resource_group.new[0].location
  account_id   = var.existing_account != "" ? data.azurerm_storage_account.existing[0].id : azurerm_storage_account.new[0].id
  account_name = var.existing_account != "" ? var.existing_account : azurerm_storage_account.new[0].name
}

data "azurerm_resource_group" "existing" {
  count = var.existing_resource_group != "" ? 1 : 0
  name  = var.existing_resource_group
}

resource "azurerm_resource_group" "new" {
  count    = var.existing_resource_group != "" ? 0 : 1
  name     = "${var.name}-backup"
  location = var.region
}

data "azurerm_storage_account" "existing" {
  count               = var.existing_account != "" ? 1 : 0
  name                = var.existing_account
  resource_group_name = local.group_name
}

# The name is the account's address, so nobody else in the world may have it.
resource "random_string" "suffix" {
  count   = var.existing_account != "" ? 0 : 1
  length  = 6
  special = false
  upper   = false
}

resource "azurerm_storage_account" "new" {
  count                           = var.existing_account != "" ? 0 : 1
  name                            = "${var.name}${random_string.suffix[0].result}"
  resource_group_name             = local.group_name
  location                        = local.group_region
  account_kind                    = "StorageV2"
  account_tier                    = "Standard"
  account_replication_type        = var.replication
  access_tier                     = "Hot"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = false

  blob_properties {
    # What the Pi, or whoever took it over, deletes or overwrites can be had back for so long.
    versioning_enabled = true

    delete_retention_policy {
      days = var.undelete_days
    }

    container_delete_retention_policy {
      days = var.undelete_days
    }
  }
}

resource "azurerm_storage_container" "copy" {
  name                  = var.container
  storage_account_id    = local.account_id
  container_access_type = "private"
}

# Old versions are what restic has pruned. An account has one such policy, so one that is shared keeps its own.
resource "azurerm_storage_management_policy" "old_versions" {
  count              = var.existing_account != "" ? 0 : 1
  storage_account_id = local.account_id

  rule {
    name    = "forget-old-versions"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${var.container}/"]
    }

    actions {
      version {
        delete_after_days_since_creation = var.undelete_days
      }
    }
  }
}

resource "azuread_application" "pi" {
  display_name = "${var.name}-backup"
}

resource "azuread_service_principal" "pi" {
  client_id = azuread_application.pi.client_id
}

resource "azuread_application_password" "pi" {
  application_id = azuread_application.pi.id
  display_name   = "the Pi"
  end_date       = timeadd(var.secret_from, "${var.secret_days * 24}h")
}

# restic writes, lists, reads, and deletes: its locks at every run, and what it prunes.
resource "azurerm_role_assignment" "pi" {
  scope                = azurerm_storage_container.copy.resource_manager_id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azuread_service_principal.pi.object_id
}
